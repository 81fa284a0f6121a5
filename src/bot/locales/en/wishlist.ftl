wishlist-choose = Whose wishlist?
wishlist-title =
    { $count ->
        [0] { $streamer } · the list is empty
        [one] { $streamer } · { $count } item
       *[other] { $streamer } · { $count } items
    }
wishlist-card = ⚙️ Streamer
order-newest = ↕️ Newest first
order-cheapest = ↕️ Cheapest first
order-dearest = ↕️ Dearest first
back = ‹ Back

wish-open = 🛒 To the shop
wish-of = Wishlist: { $streamer }
wish-since = On the list since { $day }
wish-baseline = On the list since { $day } or longer
wish-sold = sold out
wish-unavailable = Sold out now
wish-gone = No longer on the list

new-none =
    { $days ->
        [one] Nothing new for { $days } day. I will write as soon as there is.
       *[other] Nothing new for { $days } days. I will write as soon as there is.
    }
new-title =
    { $count ->
        [one] 🎁 <b>{ $count } new item</b>, days: { $days }
       *[other] 🎁 <b>{ $count } new items</b>, days: { $days }
    }

history-title = 📜 { $streamer }: what has changed
history-none = 📜 { $streamer }: nothing has changed since I follow
history-past-title = More than 400 days ago, in short:
history-past =
    { $count ->
        [one] { $days } 🗂 { $item }: { $count } change
       *[other] { $days } 🗂 { $item }: { $count } changes
    }
history-past-gone = no longer on the list
event-added = { $day } ➕ { $item }
event-returned = { $day } 🔁 Back on the list: { $item }
event-removed = { $day } ➖ Taken off: { $item }
event-unavailable = { $day } 🚫 Sold out: { $item }
event-available = { $day } ✅ Available again: { $item }
event-cheaper = { $day } 📉 { $item }: { $before } → { $now }
event-dearer = { $day } 📈 { $item }: { $before } → { $now }

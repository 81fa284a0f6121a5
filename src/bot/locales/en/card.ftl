button-open = Open
button-mute-day = 🔕 24 h
button-unmute = 🔔 Unmute
button-untrack = Untrack

card-items =
    { $items ->
        [one] { $items } item, tracked since { $since }
       *[other] { $items } items, tracked since { $since }
    }
card-news = Latest news: { $day }
card-no-news = No news so far
card-unreadable = ⚠️ The list has not been readable since { $since }
card-muted = 🔕 Muted until { $until }
card-muted-forever = 🔕 Muted until you unmute
card-notify-line = 🔔 I write about: { $what }
card-priority-line = ⭐ Priority: { $level }

card-wishlist = Wishlist
card-history = History
card-mute = 🔕 Mute
card-filters = 🔎 Filters
card-notify = 🏷 News & prices
card-priority = ⭐ Priority
card-priority-question = How often shall I look at this list?
level-normal = normal
level-high = high
level-vip = VIP

mute-question = For how long shall I be silent? What happens meanwhile stays in the history.
mute-day = 24 hours
mute-week = 7 days
mute-forever = For good
mute-day-done = Not a word about this streamer for 24 hours.
mute-ended = I write about this streamer again.
mute-done = 🔕 { $name }: muted until { $until }.
mute-done-forever = 🔕 { $name }: muted until you say /unmute nickname
unmute-done = 🔔 { $name }: I write again.
mute-usage =
    Whom should I mute, and for how long? For example:
    /mute nickname – for 24 hours
    /mute nickname 7d – for a week, forever – for good
unmute-usage = Whom should I unmute? For example: /unmute nickname

topic-here = 📌 Write to this topic
topic-this = 📌 News comes to this topic
topic-elsewhere = 📌 News comes to another topic
topic-done = News comes to this topic from now on.

filter-title = 🔎 { $name }: filters
filter-none = I write about everything. Filters leave only what interests you.
filter-include = 🔎 Only with the words: { $words }
filter-exclude = 🚫 Without the words: { $words }
filter-between = 💰 Price: { $min } to { $max }
filter-min = 💰 Price: { $min } and up
filter-max = 💰 Price: up to { $max }
filter-include-button = Only with words
filter-exclude-button = Without words
filter-min-button = Price from
filter-max-button = Price up to
filter-clear = 🧹 Drop all filters

list-empty = You are not following anyone yet. Send me a wishlist link or /track nickname
list-title =
    { $count ->
        [one] You follow { $count } streamer:
       *[other] You follow { $count } streamers:
    }
list-line =
    { $items ->
        [one] { $number }. <a href="{ $url }">{ $name }</a> – { $items } item, since { $since }
       *[other] { $number }. <a href="{ $url }">{ $name }</a> – { $items } items, since { $since }
    }

list-empty = You are not following anyone yet. Send me a wishlist link or /track nickname
list-title =
    { $count ->
        [one] You follow { $count } streamer:
       *[other] You follow { $count } streamers:
    }
list-line =
    { $items ->
        [one] { $number }. { $name } – { $items } item, since { $since }
       *[other] { $number }. { $name } – { $items } items, since { $since }
    }
list-news = , news { $day }
list-hint = A number opens the streamer’s card.
list-by-news = ↕️ Latest news first
list-by-name = ↕️ By name
list-by-since = ↕️ Latest tracked first

about-chat = 💬 <b>{ $title }</b>

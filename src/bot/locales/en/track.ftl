address-unreadable = I can’t read “{ $text }”. Send a fetta nickname or a link like https://fetta.app/u/nickname
address-unsupported = I don’t know this site yet: { $text }. So far I read wishlists on fetta.app.
address-too-many = That is a lot at once: I take { $max } at a time. Please send the rest in another message.

track-usage =
    Who should I follow? For example:
    /track nickname
    /track https://fetta.app/u/nickname
track-full =
    { $max ->
        [one] You follow { $max } streamer, which is as many as I can take here.
       *[other] You follow { $max } streamers, which is as many as I can take here.
    } To make room: /untrack
track-busy = I am still looking for the others you asked for. Try “{ $nickname }” again in a while.
track-looking = 🔎 Looking for { $nickname }…
track-waiting = 🔎 Still looking for { $nickname }. I will tell you here.
track-done =
    { $items ->
        [0] 🔔 Tracking <b><a href="{ $url }">{ $name }</a></b>: the list is empty so far.
        [one] 🔔 Tracking <b><a href="{ $url }">{ $name }</a></b>: { $items } item, on top: { $top }.
       *[other] 🔔 Tracking <b><a href="{ $url }">{ $name }</a></b>: { $items } items, on top: { $top }.
    } I will write when something is added.
track-already =
    { $items ->
        [one] You already follow <b><a href="{ $url }">{ $name }</a></b>: { $items } item on the list now.
       *[other] You already follow <b><a href="{ $url }">{ $name }</a></b>: { $items } items on the list now.
    }
track-not-found = 🤷 There is no “{ $nickname }” on fetta. The nickname there often differs from the one on Twitch: the surest way is the link from the streamer’s page.
track-private = 🔒 { $nickname } keeps the wishlist hidden, so I can’t follow it. Once it is public, send /track { $nickname } again.
track-too-long = { $nickname } has more items than I can read, so I can’t follow this list. Sorry!
track-unreachable = ⏳ fetta does not answer. I keep trying to find { $nickname } and will tell you here.
track-blocked = ⏳ fetta is not letting me in right now. I keep trying to find { $nickname } and will tell you here.
track-page-changed = ⏳ fetta looks different today and I can’t read { $nickname }’s list yet. I keep trying and will tell you here.
track-partial = ⏳ fetta showed me only part of { $nickname }’s list. I keep trying and will tell you here.
track-gave-up = I tried for a whole day and could not read { $nickname }’s list on fetta. Please try /track { $nickname } again later.
track-cancelled = I stopped looking for { $nickname }.

start-track = 🔔 Follow
start-list = 📋 My list
start-group = 👥 Add to a group
track-ask = Whose wishlist? Answer with a nickname or a link; several at once are fine.
track-placeholder = nickname or link

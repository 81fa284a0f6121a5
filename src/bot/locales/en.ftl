start =
    🔔 <b>Wishbell</b> watches streamers’ wishlists on fetta and rings when something new appears.
    Send me a wishlist link or /track nickname, and that is all there is to it.
    /list shows who you follow, /untrack stops, /help explains.

help =
    🔔 <b>What I do</b>
    I look at public wishlists on fetta and write to you when something new appears.

    /track nickname or link – follow a streamer (several at once are fine)
    /untrack nickname – stop; without a nickname you choose from your list
    /list – who you follow

    A link to a wishlist alone works like /track. In groups and channels only administrators change the list.
    What is on a list today is not news: you will hear about what is added from now on.

hint = I know wishlist links and a few commands. Try /track nickname, /list or /help.
unknown-command = I don’t know this command. /help shows what I can do.
failed = Something went wrong on my side. Please try again in a minute.

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

untrack-choose = Who should I stop following?
untrack-empty = You are not following anyone yet. Start with /track nickname
untrack-done = No longer tracking <b><a href="{ $url }">{ $name }</a></b>.
untrack-cancelled = OK, I am no longer looking for { $nickname }.
untrack-unknown = You are not following { $nickname }. Your list: /list
untrack-gone = This one is no longer on your list.
undo = ↩️ Undo
undo-done = Tracking <b><a href="{ $url }">{ $name }</a></b> again, as before.
undo-late = It is too late to undo. You can follow the streamer again with /track nickname

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
page-outdated = This list has changed.
button-outdated = This button no longer works. Your list: /list

only-admins = Only administrators of this chat can change what it follows.

group-hello = 🔔 Hello! I ring here when streamers add something to their wishlists. Administrators: /track nickname

news-title =
    { $count ->
        [one] 🎁 <b><a href="{ $url }">{ $name }</a></b> wishes for something new:
       *[other] 🎁 <b><a href="{ $url }">{ $name }</a></b> added { $count } wishes:
    }
news-more = …and { $count } more

operator-distrust = ⚠️ Most looks at { $source } fail or look wrong. I draw no conclusions from them, ask less often, and go on by myself when it is better. The log says what was seen.

unreadable-not-found = 🤷 <b><a href="{ $url }">{ $name }</a></b> has not been on fetta for three days. I keep looking.
unreadable-private = 🔒 <b><a href="{ $url }">{ $name }</a></b> has kept the wishlist hidden for three days. I keep looking.
unreadable-too-long = <b><a href="{ $url }">{ $name }</a></b> has more items than I can read, for three days now. I keep looking.
unreadable-silent = ⏳ I have not been able to read <b><a href="{ $url }">{ $name }</a></b>’s wishlist for three days: fetta does not give it to me. I keep trying.

priority-usage = /priority nickname normal, high or vip
priority-unknown = Nobody follows { $nickname } here.
priority-done = { $name }: { $level }

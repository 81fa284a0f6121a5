start =
    🔔 <b>Wishbell</b> watches streamers’ wishlists on fetta and rings when something new appears.
    Send me a wishlist link or /track nickname, and that is all there is to it.
    /list shows who you follow, /untrack stops, /help explains.

help =
    🔔 <b>What I do</b>
    I watch public wishlists on fetta and write when something new appears there.

    /track nickname or link – follow a streamer (several at once are fine)
    /untrack nickname – stop; without a nickname you choose from the list
    /list – whom you follow; and for each: mute, filters, prices
    /wishlist nickname – the wishlist itself, /new – what was added this week
    /settings – language, quiet hours, digest, what to be told
    /groups – my groups and channels, /import – many streamers at once
    /privacy – what I store; take it along, erase it

    A wishlist link without a command works like /track. What is on a list today is no news: I write about what is added later.

hint = I know wishlist links and a few commands. Try /track nickname, /list or /help.
unknown-command = I don’t know this command. /help shows what I can do.
failed = Something went wrong on my side. Please try again in a minute.

page-outdated = This list has changed.
button-outdated = This button no longer works. Your list: /list

only-admins = Only administrators may change this here.

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

page-outdated = This list has changed.
button-outdated = This button no longer works. Your list: /list

only-admins = Only administrators of this chat can change what it follows.

profile-description =
    🔔 I watch streamers’ wishlists on fetta.app and write when something new appears.

    Press Start and send me a link to a wishlist. I work in private chats, groups and channels.
profile-about = 🔔 I write when streamers add something to their wishlists on fetta.app
command-track = follow a streamer: nickname or link
command-untrack = stop following
command-list = whom I follow
command-wishlist = show a wishlist
command-new = what was added this week
command-mute = no news of a streamer for a while
command-settings = language, quiet hours, what to be told
command-groups = my groups and channels
command-privacy = what is stored; take it along, erase it
command-help = what I can do
command-priority = a streamer’s priority (operators)
command-status = how the bot is (operators)
command-halt = halt checks or delivery (operators)
command-resume = go on (operators)
command-recheck = look at a wishlist now (operators)
command-broadcast = announce something to all chats (operators)

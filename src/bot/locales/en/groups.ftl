group-hello = 🔔 Hello! I ring here when streamers add something to their wishlists. Administrators: /track nickname

groups-none =
    👥 Groups and channels that you can manage from here will be listed here.
    Add me to a group or a channel that you administer, or write /groups there.
groups-choose = 👥 Which one?
groups-add-channel = 📢 Add to a channel
groups-from-here = This chat can be managed from a private one, without disturbing the others.
groups-go = ⚙️ Go to the private chat
groups-not-yours = You can manage only chats that I am in and that you administer.
groups-hub = What shall we do?
groups-list = 📋 List
groups-new = 🎁 What is new
groups-wishlist = 🛍 Wishlist
groups-settings = ⚙️ Settings
groups-forget = ✖️ Take off this list
group-connected = 🔔 Connected: <b>{ $title }</b>. Manage it from here: /groups

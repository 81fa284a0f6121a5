privacy =
    🔒 <b>What I store, and why</b>
    • the number of this chat, its language and its settings, to know where and how to write;
    • who is followed here, which is what I am for;
    • of groups and channels the title too, so that they can be managed from a private chat;
    • which messages were sent, for 30 days, to correct them when a gift is taken.

    I keep no names of people, no conversations, no phone numbers, and pass nothing on. Wishlists are public without me.
    Take it all as a file: /export. Erase it all: /delete_me.
    Where nobody lets me write for 400 days, I erase it all by myself.
export-nothing = I have nothing about this chat.
export-done =
    { $count ->
        [0] This is all that I store about this chat.
        [one] This is all that I store about this chat: { $count } streamer.
       *[other] This is all that I store about this chat: { $count } streamers.
    } To take it to another chat: /import
delete-ask = Erase all that I know about this chat: who is followed, the settings, what was sent? There is no way back. A copy first? /export
delete-yes = 🗑 Erase it all
delete-no = Keep it
delete-done = Done: I have nothing about this chat any more. Should you change your mind: /start.
delete-kept = All right, everything stays as it is.

untrack-choose = Who should I stop following?
untrack-empty = You are not following anyone yet. Start with /track nickname
untrack-done = No longer tracking <b><a href="{ $url }">{ $name }</a></b>.
untrack-cancelled = OK, I am no longer looking for { $nickname }.
untrack-unknown = You are not following { $nickname }. Your list: /list
untrack-gone = This one is no longer on your list.
undo = ↩️ Undo
undo-done = Tracking <b><a href="{ $url }">{ $name }</a></b> again, as before.
undo-back = Tracked again, as before.
undo-late = It is too late to undo. You can follow the streamer again with /track nickname

operator-distrust = ⚠️ Most looks at { $source } fail or look wrong. I draw no conclusions from them, ask less often, and go on by myself when it is better. The log says what was seen.

priority-usage = /priority nickname normal, high or vip
priority-unknown = Nobody follows { $nickname } here.
priority-done = { $name }: { $level }

halt-usage = /halt checks, delivery or all; to go on: /resume
halt-commands = Commands work in any case.
halt-checks = ⏸ Halt checks
halt-delivery = ⏸ Halt delivery
halt-all = ⏸ Halt everything
resume-checks = ▶️ Resume checks
resume-delivery = ▶️ Resume delivery
checks-on = 🔎 Checks go on
checks-halted = ⏸ Checks halted { $ago } ago
delivery-on = 📮 Delivery goes on
delivery-halted = ⏸ Delivery halted { $ago } ago

status-button = 📊 Status
status-refresh = 🔄 Refresh
status-halt = ⏸ Halt…
status-resume = ▶️ Resume…
status-title = 📊 <b>Wishbell { $version }</b>
status-leader = Leader { $instance }: since { $since }, term { $term }, heartbeat { $age } ago
status-nobody = Nobody leads now: nothing is checked or delivered
status-same = The leader answers you
status-here = { $instance } answers you
status-site = • { $source }: late by { $lag }, requests in a minute { $used }
status-site-paused = • the site asked us to wait, { $time } left
status-site-distrusted = • the site has not been believed for { $time }: looks fail or are implausible
status-outbox = • to be sent: { $owed }, the oldest for { $oldest }; given up: { $parked }
status-no-incidents = ✅ No errors or warnings within the hour
status-incidents = Within the hour, errors: { $errors }, warnings: { $warnings }
status-streamers = Streamers: { $streamers }, asleep: { $asleep }
status-chats = Trackings: { $trackings }, chats: { $chats }, out of reach: { $blocked }
status-size = Database: { $size }

recheck-usage = /recheck nickname: look at a wishlist now, out of turn
recheck-unknown = There is no such streamer here: { $nickname }
recheck-gone = This streamer is not there any more.
recheck-asleep = Nobody follows this streamer now, so I do not look.
recheck-now = I will look now, as soon as the request limit lets me. This look does not decide what is gone from the list.
recheck-halted = Checks are halted: I will look when they are resumed.
recheck-next = The next look comes in { $time }
recheck-never = The list has not been read whole yet.
recheck-last = The last good look was { $ago } ago, items: { $listed }
recheck-failures = Failures in a row: { $failures }
recheck-again = 🔎 Look now

broadcast-ask = 📣 What shall I announce to all chats? Answer with a text, formatted if you like. For each chat to read it in its own language, write it in Russian, then a line “---”, then in English.
broadcast-placeholder = Текст, ---, Text
broadcast-private = Announcements are written in the private chat with me.
broadcast-usage = One text for all is needed, or two, in Russian and English, with one line “---” between them.
broadcast-refused = Telegram does not take such a message: { $error }
broadcast-audience =
    { $count ->
        [0] 📣 There is nobody to get this.
        [one] 📣 This is how it looks. { $count } chat will get it.
       *[other] 📣 This is how it looks. { $count } chats will get it.
    }
broadcast-kinds = Private: { $people }, groups: { $groups }, channels: { $channels }
broadcast-languages = In Russian: { $russian }, in English: { $english }
broadcast-rate = Up to { $rate } a second, news first: in { $time } at the soonest. Who has quiet hours gets it later.
broadcast-rehearse = 🧪 Dry run: all but sending
broadcast-send = 📣 Send…
broadcast-drop = 🗑 Throw away
broadcast-dropped = 🗑 Thrown away; nobody has got anything.
broadcast-sure = Really send it?
broadcast-yes = 📣 Yes, send it
broadcast-rehearsing = 🧪 Dry run, nobody gets anything: { $sent } of { $all }
broadcast-rehearsed = 🧪 The dry run took { $time }: { $sent } of { $all }. Nobody has got anything.
broadcast-sending = 📣 Sending: { $sent } of { $all }
broadcast-stopped = ⏹ Stopped: { $sent } of { $all } arrived
broadcast-done = ✅ Sent: { $sent } of { $all } arrived
broadcast-quiet = 🌙 Waiting for quiet hours to end: { $number }
broadcast-failed = Not taken by Telegram: { $number }
broadcast-skipped = Gone, or too late: { $number }
broadcast-stop = ⏹ Stop
broadcast-continue = ▶️ Continue
broadcast-busy = Another broadcast or dry run is going on.
broadcast-gone = This announcement is not there any more.
broadcast-halted = ⏸ Delivery is halted: this waits until it is resumed (/resume).

incidents-title = 🩺 <b>What went wrong in the last day</b>
incidents-more =
    { $count ->
        [one] … and { $count } more kind of event
       *[other] … and { $count } more kinds of events
    }
incidents-log = The log says more; how it is now: /status

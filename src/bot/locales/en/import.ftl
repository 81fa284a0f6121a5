import-ask = Answer with nicknames or links, as many as there are, separated by spaces or lines. Or with a file from /export.
import-placeholder = nicknames or links
import-too-big = The file is too big: I take up to 256 kB.
import-unreadable = The file could not be read. Send it again, or paste the links as text.
import-nothing = There is no nickname and no link in it. For example: /import nick1 nick2 https://fetta.app/u/nick3
import-done =
    { $count ->
        [0] None of the streamers that I know already is new here.
        [one] 🔔 { $count } streamer added.
       *[other] 🔔 { $count } streamers added.
    }
import-looking = Looking for { $count } on the site.
import-already = On the list already: { $count }.
import-left = No room for: { $count }. The most is { $max }.
import-unknown = Neither a nickname nor a link: { $count }.

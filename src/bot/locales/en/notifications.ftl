news-title =
    { $count ->
        [one] 🎁 <b><a href="{ $url }">{ $name }</a></b> wishes for something new:
       *[other] 🎁 <b><a href="{ $url }">{ $name }</a></b> added { $count } wishes:
    }
news-cheaper = 📉 <b><a href="{ $url }">{ $name }</a></b>: cheaper now
news-available = ✅ <b><a href="{ $url }">{ $name }</a></b>: available again
news-gone = ✖️ <b><a href="{ $url }">{ $name }</a></b>: no longer to be had
news-line-cheaper = was { $before } → { $now }, { $drop }
news-line-available = available again
news-line-removed = already gifted or taken off
news-more = …and { $count } more

unreadable-not-found = 🤷 <b><a href="{ $url }">{ $name }</a></b> has not been on fetta for three days. I keep looking.
unreadable-private = 🔒 <b><a href="{ $url }">{ $name }</a></b> has kept the wishlist hidden for three days. I keep looking.
unreadable-too-long = <b><a href="{ $url }">{ $name }</a></b> has more items than I can read, for three days now. I keep looking.
unreadable-silent = ⏳ I have not been able to read <b><a href="{ $url }">{ $name }</a></b>’s wishlist for three days: fetta does not give it to me. I keep trying.

digest-title = 📬 <b>What’s new on the wishlists</b>
digest-streamers =
    { $count ->
        [one] …and { $count } more streamer
       *[other] …and { $count } more streamers
    }
digest-open = 📋 Open the list

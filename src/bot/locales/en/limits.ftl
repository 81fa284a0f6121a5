quota-command = ⏳ Too fast for me. Let us go on in a minute.
quota-press = ⏳ Too fast for me. Let us go on in a minute.
quota-looks = ⏳ That is a lot of new streamers for one hour. Please send the others in an hour: the site needs a rest, too.

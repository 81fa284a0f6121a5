settings-title = ⚙️ <b>Settings</b>
settings-language = 🌐 Language: { $language }
settings-notify = 🔔 I write about: { $what }
settings-no-quiet = 🌙 Quiet hours: none
settings-quiet = 🌙 Quiet hours: { $hours }, news waits until they end
settings-quiet-silent = 🌙 Quiet hours: { $hours }, news comes without a sound
settings-no-digest = 🗞 Digest: no, I write at once
settings-digest = 🗞 Digest: once a day at { $at }
settings-zone = 🕐 Time zone: { $zone }
settings-everybody = 👥 Everybody may change the list and the settings
settings-administrators = 👥 Administrators may change the list and the settings
settings-language-button = 🌐 Language
settings-notify-button = 🔔 What to tell
settings-quiet-button = 🌙 Quiet hours
settings-digest-button = 🗞 Digest
settings-zone-button = 🕐 Time zone
settings-everybody-button = 👥 Allow everybody
settings-administrators-button = 👥 Administrators only
settings-ask-in-private = Words, prices and hours of your own for a channel are set in your private chat with me.
settings-outdated = The settings have changed.

language-question = 🌐 Which language shall I write in?
language-auto = as in your Telegram
language-ru = русский
language-en = English
language-done = 🌐 Language: { $language }

topic-all-here = 📌 Everything to this topic
topic-all-this = 📌 News comes to this topic
topic-some-this = 📌 News comes to several topics, this one among them
topic-all-elsewhere = 📌 News comes to other topics

notify-title = 🔔 <b>What to tell</b>
notify-title-own = 🏷 { $name }: a choice of its own
notify-title-shared = 🏷 { $name }: as for all
notify-now = I write about: { $what }
notify-added = what is new
notify-drop = price drops of { $percent } and more
notify-below = prices that fall to { $price } or below
notify-available = what is available again
notify-gone = what is gone
notify-nothing = nothing
notify-added-button = New
notify-available-button = Available again
notify-gone-button = Gone
notify-drop-button = Price drops: { $percent }
notify-below-button = Price up to: { $price }
notify-off = no
notify-own-percent = Another percentage
notify-reset = ↩️ As for all
notify-drop-question = 🏷 From which price drop on shall I write?

quiet-none = 🌙 No quiet hours: I write at any time.
quiet-held = 🌙 Quiet hours: { $hours }. News waits and comes afterwards in one message.
quiet-sent = 🌙 Quiet hours: { $hours }. News comes at once, without a sound.
quiet-own = Other hours
quiet-off = No quiet hours
quiet-silent = Send at once, without a sound

digest-none = 🗞 I write at once. I can also collect the news and send it once a day.
digest-daily = 🗞 All news comes once a day, at { $at }.
digest-own = Another time
digest-off = Write at once

ask-drop = From how many percent on? Reply with a number from 1 to 90; “-” turns it off.
ask-below = Which price in rubles shall I wait for? I write when an item comes down to it. Reply with a number; “-” turns it off.
ask-quiet = From when to when shall I be quiet? Reply like this: 23:30-8:15
ask-digest = When shall the digest come? Reply like this: 19:30
ask-include = Which words must be in the name? Reply with words between commas; any of them is enough. “-” drops them.
ask-exclude = Which words in the name make an item unwanted? Reply with words between commas. “-” drops them.
ask-min = From which price in rubles on? Reply with a number; “-” drops the limit.
ask-max = Up to which price in rubles? Reply with a number; “-” drops the limit.
ask-current = Now: { $current }
ask-unclear = I did not understand that.
ask-words-many =
    { $max ->
        [one] That is more than { $max } word.
       *[other] That is more than { $max } words.
    }
ask-words-long =
    { $max ->
        [one] One of the words has more than { $max } letter.
       *[other] One of the words has more than { $max } letters.
    }
ask-price-order = Nothing would be left: the lower limit is above the upper one.

zone-question = 🕐 Now: { $zone }. Whose time shall quiet hours and the digest follow?
zone-kaliningrad = Kaliningrad
zone-moscow = Moscow
zone-samara = Samara
zone-yekaterinburg = Yekaterinburg
zone-omsk = Omsk
zone-novosibirsk = Novosibirsk
zone-krasnoyarsk = Krasnoyarsk
zone-irkutsk = Irkutsk
zone-yakutsk = Yakutsk
zone-vladivostok = Vladivostok
zone-magadan = Magadan
zone-kamchatka = Kamchatka
zone-minsk = Minsk
zone-kyiv = Kyiv
zone-chisinau = Chisinau
zone-tbilisi = Tbilisi
zone-yerevan = Yerevan
zone-baku = Baku
zone-almaty = Almaty
zone-tashkent = Tashkent
zone-bishkek = Bishkek
zone-dushanbe = Dushanbe
zone-istanbul = Istanbul
zone-jerusalem = Jerusalem
zone-riga = Riga
zone-helsinki = Helsinki
zone-warsaw = Warsaw
zone-berlin = Berlin
zone-belgrade = Belgrade
zone-london = London
zone-lisbon = Lisbon
zone-dubai = Dubai
zone-bangkok = Bangkok
zone-new-york = New York
zone-los-angeles = Los Angeles
zone-utc = Greenwich

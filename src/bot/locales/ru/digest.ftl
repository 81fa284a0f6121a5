digest-title = 📬 <b>Что нового в вишлистах</b>
digest-streamers =
    { $count ->
        [one] …и ещё { $count } стример
        [few] …и ещё { $count } стримера
       *[many] …и ещё { $count } стримеров
    }
digest-open = 📋 Новинки списком

profile-description =
    🔔 Слежу за вишлистами стримеров на fetta.app и пишу, когда там появляется что-то новое.

    Нажмите «Старт» и пришлите ссылку на вишлист. Работаю в личке, группах и каналах.
profile-about = 🔔 Пишу, когда стримеры добавляют что-то в вишлисты на fetta.app
command-track = следить за стримером: ник или ссылка
command-untrack = перестать следить
command-list = за кем слежу
command-wishlist = показать вишлист
command-new = что нового за неделю
command-mute = не писать о стримере какое-то время
command-settings = язык, тихие часы, о чём писать
command-groups = мои группы и каналы
command-privacy = что хранится; забрать и стереть
command-help = что я умею
command-priority = приоритет стримера (для операторов)

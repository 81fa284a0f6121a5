list-empty = Вы пока ни за кем не следите. Пришлите ссылку на вишлист или /track ник
list-title =
    { $count ->
        [one] Вы следите за { $count } стримером:
       *[other] Вы следите за { $count } стримерами:
    }
list-line =
    { $items ->
        [one] { $number }. <a href="{ $url }">{ $name }</a> – { $items } товар, с { $since }
        [few] { $number }. <a href="{ $url }">{ $name }</a> – { $items } товара, с { $since }
       *[many] { $number }. <a href="{ $url }">{ $name }</a> – { $items } товаров, с { $since }
    }

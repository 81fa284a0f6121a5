untrack-choose = За кем больше не следить?
untrack-empty = Вы пока ни за кем не следите. Начните с /track ник
untrack-done = Больше не слежу за <b><a href="{ $url }">{ $name }</a></b>.
untrack-cancelled = Хорошо, больше не ищу { $nickname }.
untrack-unknown = Вы не следите за { $nickname }. Ваш список: /list
untrack-gone = Этого стримера в списке уже нет.
undo = ↩️ Вернуть
undo-done = Снова слежу за <b><a href="{ $url }">{ $name }</a></b>, всё как было.
undo-late = Вернуть уже не получится. Следить снова: /track ник

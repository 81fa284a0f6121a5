untrack-choose = За кем больше не следить?
untrack-empty = Вы пока ни за кем не следите. Начните с /track ник
untrack-done = Больше не слежу: <b><a href="{ $url }">{ $name }</a></b>
untrack-cancelled = Хорошо, больше не ищу { $nickname }.
untrack-unknown = В вашем списке нет «{ $nickname }». Весь список: /list
untrack-gone = Этого стримера в списке уже нет.
undo = ↩️ Вернуть
undo-done = Снова слежу, всё как было: <b><a href="{ $url }">{ $name }</a></b>
undo-back = Снова слежу, всё как было.
undo-late = Вернуть уже не получится. Следить снова: /track ник

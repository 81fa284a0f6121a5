operator-distrust = ⚠️ Most looks at { $source } fail or look wrong. I draw no conclusions from them, ask less often, and go on by myself when it is better. The log says what was seen.

priority-usage = /priority nickname normal, high or vip
priority-unknown = Nobody follows { $nickname } here.
priority-done = { $name }: { $level }

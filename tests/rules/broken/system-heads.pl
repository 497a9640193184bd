:- sentence(permitted(C), "~C is permitted").
permitted(C) :- \+ forbidden(C, _).
:- sentence(forbidden(C, R), "~C is forbidden: ~R").
forbidden(candidate(I, _, _, _, _), soon) :- earnings(I, N), N =< 3.
append(a, b, c).
true.
\+ a.
(a ; b) :- c.
lists:a.
user:term_expansion(a, b).
term_expansion(a, b).
goal_expansion(a, b).
portray(a).

....
. . .
:- sentence(permitted(C), "~C is permitted").
permitted(C) :- \+ forbidden(C, _).
:- sentence(forbidden(C, R), "~C is forbidden: ~R").
forbidden(candidate(I, _, _, _, _), soon) :- earnings(I, N), N =< 3.

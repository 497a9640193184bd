% Short selling. A short entry needs shares that can be borrowed; nothing known about that means none.

:- sentence(shortable(Instrument), "shares of ~Instrument can be borrowed").

shortable(Instrument) :-
    reference(Instrument, _, _, _, _, _, yes, _, _, _).

forbidden(candidate(Instrument, Side, _, _, _), not_shortable) :-
    Side == short,
    \+ shortable(Instrument).

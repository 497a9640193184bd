forbidden(candidate(Instrument, _, _, _, _), closed) :-
    calendar(Instrument, shut, _).

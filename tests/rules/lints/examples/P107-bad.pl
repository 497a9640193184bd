forbidden(candidate(Instrument, _, _, _, _), not_listed) :-
    Instrument == 'IBM',
    member(Instrument, ['IBM'|_]).

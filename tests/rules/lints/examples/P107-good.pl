forbidden(candidate(Instrument, _, _, _, _), not_listed) :-
    member(Instrument, ['IBM', 'KO']).

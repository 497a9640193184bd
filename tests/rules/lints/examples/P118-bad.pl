forbidden(candidate(Instrument, _, _, _, _), 'earnings\x200b\_soon') :-
    earnings(Instrument, Sessions),
    Sessions =< 3.

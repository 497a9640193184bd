:- sentence(trading(Session), "a session that is ~Session can be traded").

trading(open).
trading(hlf).

forbidden(candidate(Instrument, _, _, _, _), no_session) :-
    calendar(Instrument, Session, _),
    \+ trading(Session).

% Session. An entry needs a next session that is open, in full or in half. Closed, or not known, is no session.

:- sentence(trading(Session), "a session that is ~Session can be traded").

trading(open).
trading(half).

:- sentence(session_ahead(Instrument), "~Instrument has a session ahead").

session_ahead(Instrument) :-
    calendar(Instrument, Session, _),
    trading(Session).

forbidden(candidate(Instrument, _, _, _, _), no_session) :-
    \+ session_ahead(Instrument).

package keyring

import "time"

// State says whether a keyring can be used here.
type State uint8

// The states.
const (
	Absent State = iota // there is none: no session bus, nothing behind its socket, no service on it
	Locked              // it is locked, or was never given a collection
	Ready               // it answers, or is started by the first request
)

// String is the state's name.
func (s State) String() string { return [...]string{"absent", "locked", "ready"}[s] }

// probeBudget bounds a probe. With the budget of the call that follows it stays below 3 s.
const probeBudget = 700 * time.Millisecond

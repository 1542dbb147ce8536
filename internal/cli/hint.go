package cli

import "github.com/authctl/authctl/internal/fault"

// hint gives a failure of the profile or between machines a next step where nobody knew a better one.
func hint(e *fault.Error) {
	if len(e.Hints) > 0 {
		return
	}
	switch e.Kind {
	case fault.Config:
		if e.Profile != "" {
			e.Hint("see what the profile says: authctl profile show %s", e.Profile)
		}
	case fault.Timeout, fault.Network:
		e.Hint("try again; -v shows what was asked and answered")
	case fault.Auth, fault.Policy, fault.TLS, fault.Protocol:
		e.Hint("-v shows what was asked and answered; whoever runs the server can look into it")
	}
}

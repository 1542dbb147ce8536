package cli

import "github.com/authctl/authctl/internal/fault"

// hint gives a failure between machines a next step where nobody knew a better one: no failure leaves its reader there.
func hint(e *fault.Error) {
	if len(e.Hints) > 0 {
		return
	}
	switch e.Kind {
	case fault.Timeout, fault.Network:
		e.Hint("try again; -v shows what was asked and answered")
	case fault.Policy, fault.TLS, fault.Protocol:
		e.Hint("-v shows what was asked and answered; whoever runs the server can look into it")
	}
}

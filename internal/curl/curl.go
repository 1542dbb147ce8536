// Package curl reads the arguments of a curl command line as curl would, and says with which ones the real curl may run
// while it holds a token. Its one table of options sorts them into those that are handed on, those that are left out
// because authctl has said them already, and those that are refused because they would show the token or lead it
// elsewhere; what is not in the table is refused. It starts no program, gets no token and prints nothing.
package curl

import (
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Reader reads command lines for one profile.
type Reader struct {
	BaseURL string
	Origins httpx.Origins // where the token may go
	// Headers says that the profile has headers of its own. curl keeps Authorization from another host, not them.
	Headers bool
	// Certificate says that the profile has a client certificate, which curl shows to every server that asks for one.
	Certificate bool
	// Insecure says that no certificate is checked, as -k does.
	Insecure bool
	// ReadFile gives the content of a file of headers; "-" is standard input.
	ReadFile func(name string) ([]byte, error)
}

// Plan is what a command line comes to.
type Plan struct {
	// Args are the user's arguments as curl gets them: every URL whole, every long option in full.
	Args []string
	// URLs are those that curl will ask. A glob of a path or query stands for all of its expansions, which differ in
	// nothing else.
	URLs []*url.URL
	// Lines are the headers of the -H @FILE arguments, which go the way of the token.
	Lines []string
	// Named holds the lower-case names of all headers that the user gave.
	Named map[string]bool
	// Follows says that redirects are followed.
	Follows bool
	// Asks says that curl only tells about itself (--help, --version). It gets no token then, and Args untouched.
	Asks bool
}

// scan is one command line half read.
type scan struct {
	*Reader
	table    []option
	plan     Plan
	urls     []int // which of plan.Args are URLs
	globoff  bool
	insecure bool
	steered  string // an option that chooses where connections lead
}

// Read judges a command line. A refusal is a policy fault; what curl itself could not mean is a usage fault.
func (r *Reader) Read(args []string) (*Plan, error) {
	s := &scan{Reader: r, table: options(), insecure: r.Insecure}
	s.plan.Named = map[string]bool{}
	if err := s.arguments(args); err != nil {
		return nil, err
	}
	if s.plan.Asks {
		return &Plan{Args: args, Asks: true}, nil
	}
	if err := s.resolve(); err != nil {
		return nil, err
	}
	if err := s.together(); err != nil {
		return nil, err
	}
	return &s.plan, nil
}

// arguments walks the command line as curl does: options anywhere, their values attached or behind them, and nothing
// but URLs after a bare "--".
func (s *scan) arguments(args []string) error {
	onlyURLs := false
	for i := 0; i < len(args) && !s.plan.Asks; i++ {
		var err error
		used := false // the next argument, as a value
		switch arg := args[i]; {
		case onlyURLs || !strings.HasPrefix(arg, "-"):
			s.addURL(arg)
		case arg == "--":
			onlyURLs = true
		case strings.HasPrefix(arg, "--"):
			used, err = s.long(arg[2:], args[i+1:])
		default:
			used, err = s.short(arg, args[i+1:])
		}
		if err != nil {
			return err
		}
		if used {
			i++
		}
	}
	return nil
}

func (s *scan) addURL(raw string) {
	s.urls = append(s.urls, len(s.plan.Args))
	s.plan.Args = append(s.plan.Args, raw)
}

// long reads one option by its long name, which goes on in full: what an abbreviation means differs from one curl to
// the next.
func (s *scan) long(word string, rest []string) (used bool, err error) {
	name, negated := strings.CutPrefix(word, "no-")
	o, err := s.byName(name)
	if err != nil {
		return false, err
	}
	if negated {
		return false, s.negated(o)
	}
	value := ""
	if o.value {
		if len(rest) == 0 {
			return false, missingValue("--" + o.name)
		}
		value, used = rest[0], true
	}
	keep, err := s.take(o, "--"+o.name, value)
	if err != nil || !keep {
		return used, err
	}
	s.plan.Args = append(s.plan.Args, "--"+o.name)
	switch {
	case o.name == "url":
		s.addURL(value)
	case o.value:
		s.plan.Args = append(s.plan.Args, value)
	}
	return used, nil
}

// negated reads --no-NAME, which curl has for switches.
func (s *scan) negated(o option) error {
	switch {
	case o.rule == refused || o.rule == asks:
		return refusal(o, "--no-"+o.name)
	case o.value:
		return usage("curl has --no- for switches alone, and --%s takes a value", o.name)
	case o.rule != dropped:
		s.plan.Args = append(s.plan.Args, "--no-"+o.name)
	}
	return nil
}

// short reads a cluster such as -sSd@file. It goes on as it stands unless one of its options does not.
func (s *scan) short(cluster string, rest []string) (used bool, err error) {
	var kept []string
	whole := true
	for i := 1; i < len(cluster) || i == 1; i++ {
		o, err := s.byLetter(cluster[i:])
		if err != nil {
			return used, err
		}
		form, value := "-"+string(o.letter), ""
		if o.value {
			if value = cluster[i+1:]; value == "" && len(rest) == 0 {
				return used, missingValue(form)
			} else if value == "" {
				value, used = rest[0], true
			}
			i = len(cluster)
		}
		keep, err := s.take(o, form, value)
		if err != nil {
			return used, err
		}
		whole = whole && keep
		if keep {
			kept = append(kept, form)
		}
		if keep && o.value {
			kept = append(kept, value)
		}
	}
	switch {
	case !whole:
		s.plan.Args = append(s.plan.Args, kept...)
	case used:
		s.plan.Args = append(s.plan.Args, cluster, rest[0])
	default:
		s.plan.Args = append(s.plan.Args, cluster)
	}
	return used, nil
}

// together judges what no option says alone.
func (s *scan) together() error {
	if len(s.plan.URLs) == 0 {
		return usage("there is no URL to ask").Hint("authctl curl -- /path")
	}
	loopback, plain := 0, false
	for _, u := range s.plan.URLs {
		if o, err := httpx.OriginOf(u); err == nil && o.Loopback() {
			loopback++
		}
		plain = plain || u.Scheme == "http"
	}
	switch {
	case s.steered != "" && s.insecure:
		return refuse("%s together with -k would take the token to a server that nobody checked", s.steered).
			Hint("leave out -k, and give the server's authority with --cacert")
	case s.steered != "" && plain:
		return refuse("%s would take the token, in clear text, away from this machine", s.steered).Hint("leave it out")
	case s.plan.Follows && s.Headers:
		return refuse("-L: curl would send the profile's headers wherever a redirect leads").
			Hint("authctl call -L, which keeps them within the allowed origins")
	case s.plan.Follows && s.Certificate:
		return refuse("-L: curl would show the profile's certificate wherever a redirect leads").
			Hint("authctl call -L, which keeps it within the allowed origins")
	case loopback > 0 && loopback < len(s.plan.URLs):
		return usage("a server on this machine, asked without a proxy, and another one do not go into one command").
			Hint("run authctl curl once for each")
	}
	return nil
}

// refuse makes a refusal by policy, usage an error of the command line.
func refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.Policy, "policy.curl", format, args...)
}

func usage(format string, args ...any) *fault.Error {
	return fault.New(fault.Usage, "usage.curl", format, args...)
}

func missingValue(form string) error { return usage("curl option %s wants a value behind it", form) }

package cli

import (
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
)

const (
	defaultRedirects = 50
	maxRetries       = 100
)

// againFlags say when a request is sent anew: elsewhere, or once more.
type againFlags struct {
	follow      bool
	maxRedirs   int
	retries     int
	retryTime   string
	retryUnsafe bool
}

func (o *againFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "location", "L", false, "follow redirects within the origins that the token may go to")
	f.IntVar(&o.maxRedirs, "max-redirs", defaultRedirects, "with -L: follow at most `N` redirects; -1 is no limit")
	f.IntVar(&o.retries, "retry", 0, "send the request again up to `N` times after 408, 429, 502, 503, 504 or a lost connection, if that can do no harm")
	f.StringVar(&o.retryTime, "retry-max-time", "", "begin no retry later than this many `SECONDS` after the first sending")
	f.BoolVar(&o.retryUnsafe, "retry-unsafe", false, "with --retry: send again what may have been processed, too: POST, PATCH, PUT, DELETE")
}

// into sets what the flags say on a client.
func (o *againFlags) into(client *call.Client) error {
	switch {
	case o.retries < 0 || o.retries > maxRetries:
		return usage("--retry is a number from 0 to %d", maxRetries).Hint("--retry 3")
	case o.maxRedirs < -1:
		return usage("--max-redirs is a number, -1 for no limit").Hint("--max-redirs %d", defaultRedirects)
	}
	within, err := duration("retry-max-time", o.retryTime)
	if err != nil {
		return err
	}
	client.Redirects = call.Redirects{Follow: o.follow, Max: o.maxRedirs}
	client.Retry = call.Retry{Max: o.retries, Within: within, Unsafe: o.retryUnsafe}
	return nil
}

package call

import (
	"context"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

// errand is one Do: the request as it stands after the redirects so far, its token, and what is used up of what may be
// done again.
type errand struct {
	client *Client
	req    *Request
	trip   *Trip

	bearer  *httpx.Bearer
	renewed bool
	retries int
	turns   int
	began   time.Time
	been    map[string]bool // the requests that were answered with a redirect
}

// begin gets the token, where there is to be one.
func (e *errand) begin(ctx context.Context) error {
	e.been = map[string]bool{}
	if !e.req.NoAuth && e.client.Source != nil {
		bearer, err := e.client.Source.Bearer(ctx)
		if err != nil {
			return err
		}
		e.bearer = &bearer
	}
	e.began = e.client.now()
	e.trip.begin(e.began)
	return nil
}

// settle sends the request until its answer, or its failure, is one to keep.
func (e *errand) settle(ctx context.Context) (*http.Response, error) {
	for {
		w := newWatch(ctx, e.client.IdleTimeout)
		res, err := e.client.send(w, e.req, e.bearer, e.trip) //nolint:contextcheck // w carries ctx
		if err == nil && e.mayRenew(res) {
			if err := e.renew(ctx, res); err != nil {
				return nil, err
			}
			continue
		}
		pause, again := e.mayRetry(ctx, outcomeOf(w, res, err, e.client.now()))
		if !again {
			return res, err
		}
		e.client.discard(res)
		if err := e.wait(ctx, pause, res, err); err != nil {
			return nil, err
		}
	}
}

func (e *errand) mayRenew(res *http.Response) bool {
	return e.bearer != nil && !e.renewed && e.client.asksForToken(res) && replayable(e.req.Body)
}

func (e *errand) renew(ctx context.Context, res *http.Response) error {
	claims := httpx.ClaimsChallenge(res)
	e.client.discard(res)
	e.client.Trace.note("the API answered %d: renewing the token", res.StatusCode)
	bearer, err := e.client.Source.Renew(ctx, claims)
	if err != nil {
		return err
	}
	e.bearer, e.renewed = &bearer, true
	return nil
}

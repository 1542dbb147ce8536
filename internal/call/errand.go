package call

import (
	"context"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/httpx"
)

// effort is what a call has used up of [Retry].
type effort struct {
	retries int
	began   time.Time // when it was first sent
}

// errand is one Do: the request as it stands after the redirects so far, its token, and what is used up of what may be
// done again.
type errand struct {
	client *Client
	req    *Request
	trip   *Trip
	*effort

	bearer  *httpx.Bearer
	renewed bool
	proven  bool // the API's nonce was answered
	turns   int
	been    map[string]bool // the requests that were answered with a redirect
}

func (c *Client) errand(req *Request) *errand {
	e := &errand{client: c, req: req, trip: req.Trip, effort: req.effort}
	if e.effort == nil {
		e.effort = &effort{}
	}
	return e
}

// begin gets the token, where there is to be one.
func (e *errand) begin(ctx context.Context) error {
	if !e.req.NoAuth && e.client.Source != nil {
		bearer, err := e.client.Source.Bearer(ctx)
		if err != nil {
			return err
		}
		e.bearer = &bearer
	}
	if e.began.IsZero() {
		e.began = e.client.now()
	}
	e.trip.begin(e.began)
	return nil
}

// settle sends the request until its answer, or its failure, is one to keep.
func (e *errand) settle(ctx context.Context) (*http.Response, error) {
	for {
		w := e.client.Many.watch(ctx, e.client.IdleTimeout)
		if e.trip != nil {
			w.clock = e.client.now
		}
		res, err := e.client.send(w, e.req, e.bearer, e.trip) //nolint:contextcheck // w carries ctx
		if err == nil && e.mayProve(res) {
			e.prove(res)
			continue
		}
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

// mayProve reports whether the API wants the same request once more, with the nonce that its answer brought (RFC 9449
// section 9). That is no word about the token.
func (e *errand) mayProve(res *http.Response) bool {
	return e.bearer != nil && !e.proven && e.bearer.Challenged(res) && replayable(e.req.Body)
}

func (e *errand) prove(res *http.Response) {
	e.client.discard(res)
	e.client.Trace.note("the API answered %d: it wants its nonce in the DPoP proof", res.StatusCode)
	e.proven = true
}

func (e *errand) mayRenew(res *http.Response) bool {
	return e.bearer != nil && !e.renewed && e.client.asksForToken(res) && !e.wantsNonce(res) && replayable(e.req.Body)
}

// wantsNonce reports whether the answer is about the proof, which no other token would change.
func (e *errand) wantsNonce(res *http.Response) bool {
	return e.bearer.Bound() && httpx.WantsNonce(res)
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

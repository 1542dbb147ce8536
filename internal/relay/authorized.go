package relay

import (
	"errors"
	"maps"
	"net/http"

	"github.com/authctl/authctl/internal/httpx"
)

// authorized puts the token on requests, and renews it once where the API asks for another.
type authorized struct {
	ways   ways
	keeper *keeper
	asks   func(*http.Response) (claims string, asks bool)
}

// RoundTrip implements [http.RoundTripper]. The request is the relay's own, and its headers are changed.
func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	var body *tape
	if req.Body != nil {
		body = &tape{source: req.Body}
	}
	res, token, err := a.first(req, body)
	if err != nil {
		return nil, err
	}
	claims, asks := a.asks(res)
	if asks && token.bearer.Bound() && httpx.WantsNonce(res) {
		return res, nil // no other token would change that
	}
	if !asks {
		token.accepted()
		return res, nil
	}
	again := body == nil || body.whole()
	if !again && token.renewed {
		token.refused(a.keeper.clock()) // as a replay would have shown
	}
	newer, err := a.keeper.renew(req.Context(), token, claims)
	if !again || errors.Is(err, errFutile) {
		return res, nil
	}
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	if res, err = a.send(req, newer, body); err != nil {
		return nil, err
	}
	if _, asks := a.asks(res); asks {
		newer.refused(a.keeper.clock())
	} else {
		newer.accepted()
	}
	return res, nil
}

// first sends the request, or takes up what was begun on the short way.
func (a *authorized) first(req *http.Request, body *tape) (*http.Response, *held, error) {
	if s := takeSent(req.Context()); s != nil {
		if err := s.token.bearer.Authorize(req); err != nil { // what was sent had it; a dead connection asks for req
			_ = s.api.Close()
			return nil, nil, err
		}
		res, err := a.ways.lane.finish(req, s.api)
		return res, s.token, err
	}
	token, err := a.keeper.token(req.Context())
	if err != nil {
		return nil, nil, err
	}
	res, err := a.send(req, token, body)
	return res, token, err
}

// send puts the request on the wire, and once more where the API wants its nonce in the proof of a token that is bound
// to a key (RFC 9449 section 9).
func (a *authorized) send(req *http.Request, token *held, body *tape) (*http.Response, error) {
	res, err := a.once(req, token, body)
	if err != nil || !token.bearer.Challenged(res) || body != nil && !body.whole() {
		return res, err
	}
	_ = res.Body.Close()
	return a.once(req, token, body)
}

// once makes a request of its own each time: what was sent before may still be read.
func (a *authorized) once(req *http.Request, token *held, body *tape) (*http.Response, error) {
	if body != nil {
		req = req.WithContext(req.Context())
		req.Header = maps.Clone(req.Header)
		req.Body = body.play()
	}
	if err := token.bearer.Authorize(req); err != nil {
		return nil, err
	}
	res, err := a.ways.of(req).RoundTrip(req)
	if err == nil {
		token.bearer.Learn(req.URL, res.Header)
	}
	return res, err
}

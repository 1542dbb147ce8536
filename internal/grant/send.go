package grant

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/authctl/authctl/internal/httpx"
)

// post sends a request with the client's proof, once. Only a server that wants a nonce in the proof of possession gets
// it a second time, with the nonce that it sent (RFC 9449 section 8): it has not looked at the grant before.
func (e *Endpoint) post(ctx context.Context, r Request) (*reply, error) {
	target, err := e.target(r.URL)
	if err != nil {
		return nil, err
	}
	rep, err := e.postOnce(ctx, target, r)
	if err != nil || !r.keys.challenged(rep) {
		return rep, err
	}
	return e.postOnce(ctx, target, r) // an assertion serves once, so that everything is made anew
}

func (e *Endpoint) postOnce(ctx context.Context, target *url.URL, r Request) (*reply, error) {
	// Asking for a secret may wait for a person; the time-out is for the server alone.
	if err := r.complete(ctx, e.Mask); err != nil {
		return nil, err
	}
	body, mediaType, err := r.content()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, unusable()
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	req.Header.Set("Content-Type", mediaType)
	if err := r.keys.prove(req); err != nil {
		return nil, err
	}
	rep, err := e.send(req, r.keys)
	if err != nil {
		return nil, err
	}
	rep.where = r.Where
	return rep, nil
}

// get reads what needs no proof of the client.
func (e *Endpoint) get(ctx context.Context, address string, header http.Header) (*reply, error) {
	target, err := e.target(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, unusable()
	}
	if header != nil {
		req.Header = header.Clone()
	}
	return e.send(req, nil)
}

// send makes one exchange; what keys can learn of the reply they do.
func (e *Endpoint) send(req *http.Request, keys *flowKey) (*reply, error) {
	rep, err := e.exchange(req)
	if err != nil {
		return nil, httpx.Failure(err).Doing("%s", e.operation(req))
	}
	keys.learn(req.URL, rep.header)
	return rep, nil
}

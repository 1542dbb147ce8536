package grant

import "context"

// Occasion is what an assertion is made for.
type Occasion struct {
	Audience string // names the authorization server that the request goes to

	kept *kept
}

// kept is what the requests of one flow prove the client with: its secret, or the key that signs.
type kept struct{ proof any }

// Once reads what proves the client once in a flow. A login that polls asks its server many times, and would as often
// run the command or ask the person who keeps the secret.
func Once[T any](ctx context.Context, o Occasion, read func(context.Context) (T, error)) (T, error) {
	if o.kept == nil {
		return read(ctx)
	}
	if proof, ok := o.kept.proof.(T); ok {
		return proof, nil
	}
	proof, err := read(ctx)
	if err == nil {
		o.kept.proof = proof
	}
	return proof, err
}

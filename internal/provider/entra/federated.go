package entra

import (
	"context"
	"errors"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// federatedToken reads the JWT that another issuer keeps fresh in a file, such as Kubernetes the projected token of a
// service account, for each request anew. One newline at its end is cut.
func federatedToken(path string, ports provider.Ports) grant.Assertion {
	return func(context.Context, grant.Occasion) (secret.String, error) {
		data, err := readFile(ports, path)
		if err != nil {
			return secret.String{}, err.Doing("federated_token_file")
		}
		text, cut := strings.CutSuffix(string(data), "\n")
		if cut {
			text = strings.TrimSuffix(text, "\r")
		}
		if text == "" || strings.ContainsFunc(text, notInJWT) {
			return secret.String{}, fault.New(fault.Config, "config.federated_token", "the file holds no JWT").
				Doing("federated_token_file").Hint("it must hold the token and nothing else; one newline at its end is cut")
		}
		return secret.New(text), nil
	}
}

// notInJWT knows what stands in no compact serialization. What the token says is for the server to judge.
func notInJWT(r rune) bool { return r <= ' ' || r > '~' }

func readFile(ports provider.Ports, path string) ([]byte, *fault.Error) {
	data, err := ports.ReadFile(path)
	if err == nil {
		return data, nil
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return nil, e
	}
	return nil, fault.New(fault.Config, "config.file", "%w", err)
}

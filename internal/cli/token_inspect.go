package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/fault"
)

// codeNoJWT is the code of what is no JWT, or none that can be read.
const codeNoJWT = "protocol.jwt"

func newTokenInspect(g *globals) *cobra.Command {
	var verified bool
	cmd := &cobra.Command{
		Use:   "inspect [-]",
		Short: "Decode a JWT's header and claims",
		Long: "Decode the header and claims of the profile's stored token, or of the one on standard input with `-`, if it is a JWT.\n" +
			"Nothing is sent anywhere and nothing is verified: the claims are what the token says of itself. With --verify, its\n" +
			"signature is checked with the keys that the profile's server publishes, and its issuer and times as well; a token that\n" +
			"fails is exit code 9. What was and what was not checked is said on stderr, and so are the times iat, nbf and exp in words\n" +
			"that a person can read.",
		Example: "  authctl token inspect --profile entra\n" +
			"  authctl token get -p entra | authctl token inspect -\n" +
			"  authctl token inspect -p sso --verify",
		Args: stdinOrNothing, ValidArgs: []string{"-"},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runTokenInspect(cmd.Context(), verified, args) },
	}
	cmd.Flags().BoolVar(&verified, "verify", false, "check the signature with the server's keys (jwks_uri), the issuer and the times")
	return cmd
}

func (g *globals) runTokenInspect(ctx context.Context, verified bool, args []string) error {
	token, err := g.tokenToInspect(ctx, len(args) == 1)
	if err != nil {
		return err
	}
	header, claims, err := decodeJWT(token)
	if err != nil {
		return err
	}
	said := "nothing was verified: not the signature, not the issuer, not the times"
	if verified {
		if said, err = g.verifyToken(ctx, token); err != nil {
			return err
		}
	}
	var out bytes.Buffer
	if err := json.Indent(&out, marshalLine(struct {
		Header json.RawMessage `json:"header"`
		Claims json.RawMessage `json:"claims"`
	}{header, claims}), "", "  "); err != nil {
		return fault.New(fault.Protocol, codeNoJWT, "%w", err)
	}
	if err := g.app.answer(out.Bytes()); err != nil {
		return err
	}
	for _, line := range readableTimes(claims, g.app.Clock()) {
		g.app.note("%s", line)
	}
	g.app.note("%s", said)
	return nil
}

// readableTimes says when a token was issued, when it begins to be valid and when it expires, as far as its claims tell
// (RFC 7519 section 4.1). A claim that is no time has no line: it stands among the claims as it is.
func readableTimes(claims []byte, now time.Time) []string {
	var lines []string
	found := members(claims)
	for _, name := range []string{"iat", "nbf", "exp"} {
		if at, ok := numericDate(found[name]); ok {
			lines = append(lines, name+" "+at.UTC().Format(time.RFC3339)+" ("+distance(at.Unix()-now.Unix())+")")
		}
	}
	return lines
}

// distance tells seconds from now as a person would. They may be more than a [time.Duration] holds.
func distance(seconds int64) string {
	if seconds > 0 {
		return "in " + roughly(seconds)
	}
	return roughly(-seconds) + " ago"
}

func roughly(seconds int64) string {
	const minute, hour, day = 60, 3600, 86400
	switch {
	case seconds < minute:
		return fmt.Sprintf("%ds", seconds)
	case seconds < hour:
		return fmt.Sprintf("%dm", seconds/minute)
	case seconds < 2*day:
		return fmt.Sprintf("%dh%dm", seconds/hour, seconds%hour/minute)
	}
	return fmt.Sprintf("%dd", seconds/day)
}

func (g *globals) tokenToInspect(ctx context.Context, stdin bool) (string, error) {
	if stdin {
		data, err := g.app.IO.ReadAll(ctx, 1<<20)
		if err != nil {
			return "", fault.New(fault.IO, "io.stdin", "%w", err).Doing("reading the token from standard input")
		}
		token := strings.TrimSpace(string(data))
		if token == "" {
			return "", fault.New(fault.Protocol, codeNoJWT, "there is no token on standard input").Hint("authctl token get | authctl token inspect -")
		}
		return token, nil
	}
	_, session, err := g.session(ctx)
	if err != nil {
		return "", err
	}
	r, err := session.Stored(ctx)
	if err != nil {
		return "", err
	}
	if r == nil || r.AccessToken.IsZero() {
		return "", session.Missing("token")
	}
	return r.AccessToken.Reveal(), nil
}

// decodeJWT takes a JWS compact serialisation (RFC 7515 section 7.1) apart; its members keep their order and bytes.
func decodeJWT(token string) (header, claims json.RawMessage, err error) {
	parts := strings.Split(token, ".")
	if len(parts) == 5 {
		return nil, nil, fault.New(fault.Protocol, codeNoJWT, "the token is an encrypted JWT (JWE)").
			Hint("only its audience can read it")
	}
	if len(parts) != 3 {
		return nil, nil, fault.New(fault.Protocol, codeNoJWT, "the token is opaque, not a JWT").
			Hint("only the server can say what an opaque token stands for")
	}
	for i, into := range []*json.RawMessage{&header, &claims} {
		data, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		var object map[string]json.RawMessage
		if err != nil || json.Unmarshal(data, &object) != nil || object == nil {
			return nil, nil, fault.New(fault.Protocol, codeNoJWT, "the token is no JWT: its part %d is no base64url JSON object", i+1).
				Hint("authctl token get | authctl token inspect -")
		}
		*into = data
	}
	return header, claims, nil
}

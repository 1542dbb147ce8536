package jose

import (
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/json" // refuses a member that comes twice, and knows names by their case

	"github.com/authctl/authctl/internal/fault"
)

// Expected is what an id_token must say. An empty Nonce stands for a flow that sent none.
type Expected struct {
	Issuer, ClientID, Nonce string
	Now                     time.Time
	Skew                    time.Duration // by how much clocks may differ
}

type idClaims struct {
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
	Party    *string  `json:"azp"`
	Nonce    string   `json:"nonce"`
	Expiry   *float64 `json:"exp"`
	IssuedAt *float64 `json:"iat"`
	NotFrom  *float64 `json:"nbf"`
}

// audience is a string or a list of strings (RFC 7519 section 4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return errors.New("aud is neither a string nor a list of strings")
	}
	*a = list
	return nil
}

// CheckIDToken holds the claims of an id_token, whose signature was verified, to OpenID Connect Core 3.1.3.7.
func CheckIDToken(claims []byte, e Expected) error {
	var c idClaims
	if json.Unmarshal(claims, &c) != nil {
		return wrong("its claims are not a JSON object of the right types; no member may come twice")
	}
	if err := c.names(e); err != nil {
		return err
	}
	return c.times(e)
}

// names are the rules 2 to 5 and 11.
func (c idClaims) names(e Expected) error {
	switch {
	case c.Issuer == "" || c.Issuer != e.Issuer:
		return wrong("its iss is %.200q, not %q", c.Issuer, e.Issuer)
	case e.ClientID == "" || !slices.Contains(c.Audience, e.ClientID):
		return wrong("its aud does not have the client_id %q", e.ClientID)
	case c.Party == nil && slices.ContainsFunc(c.Audience, func(other string) bool { return other != e.ClientID }):
		return wrong("it has further audiences and no azp")
	case c.Party != nil && *c.Party != e.ClientID:
		return wrong("its azp is %.200q, not the client_id %q", *c.Party, e.ClientID)
	case e.Nonce != "" && c.Nonce != e.Nonce:
		return wrong("its nonce is not the one that was sent")
	}
	return nil
}

// times are the rules 9 and 10. Times are compared as numbers: one that no calendar has is merely far away.
func (c idClaims) times(e Expected) error {
	now, skew := float64(e.Now.UnixMilli())/1000, e.Skew.Seconds()
	switch {
	case c.Expiry == nil:
		return wrong("it has no exp")
	case now >= *c.Expiry+skew:
		return wrong("it expired before it came").Hint("check this machine's clock")
	case c.IssuedAt != nil && *c.IssuedAt > now+skew, c.NotFrom != nil && *c.NotFrom > now+skew:
		return wrong("it is from the future").Hint("check this machine's clock")
	}
	return nil
}

// CheckClaims refuses claims that two readers may read differently: RFC 7519 section 4 lets one take the last of two
// members of a name, and another none.
func CheckClaims(claims []byte) error {
	var d document
	if json.Unmarshal(claims, &d) != nil || d == nil {
		return bad("the token's claims are not a JSON object that can be read; no member may come twice")
	}
	return nil
}

func wrong(format string, args ...any) *fault.Error {
	return fault.New(fault.Protocol, "protocol.id_token", format, args...).Doing("checking the id_token")
}

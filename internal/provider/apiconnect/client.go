package apiconnect

import (
	"encoding/json"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// The client that the product registers on every installation and its guide documents: public, and no secret.
const (
	publicID     = "caa87d9a-8cd7-4686-8b6e-ee2cdc5ee267"
	publicSecret = "3ecff363-7eb3-44be-9e07-6d4386c48b0b"
)

func completeClient(p *profile.Profile) error {
	switch {
	case p.Own.Has("credentials_file"):
	case p.ClientID == "" && !p.ClientSecret.IsZero():
		return &profile.KeyError{Key: "client_id", Reason: "is required beside client_secret"}
	case p.ClientID == "":
		p.ClientID = publicID
	case isTornUUID(p.ClientID):
		e := &profile.KeyError{Key: "client_id", Reason: "is a UUID with digits missing or to spare"}
		if likely := likelyID(p.ClientID); likely != "" {
			e.Hint = "did you mean the public client " + likely + "?"
		}
		return e
	}
	return nil
}

// withClient is the profile with the client that it leaves to the product.
func withClient(p *profile.Profile, r realm, ports provider.Ports) (*profile.Profile, error) {
	client := *p
	switch {
	case p.Own.Has("credentials_file"):
		id, proof, err := readCredentials(p.Own.Text("credentials_file"), r, ports)
		if err != nil {
			return nil, err
		}
		client.ClientID, client.ClientSecret = id, secret.Ref{Scheme: secret.Literal, Arg: proof}
	case p.ClientID == publicID && p.ClientSecret.IsZero():
		client.ClientSecret = secret.Ref{Scheme: secret.Literal, Arg: secret.New(publicSecret)}
	}
	return &client, nil
}

// credentials is a client as the product writes it: alone, or with those of the other tools beside it.
type credentials struct {
	ID           string `json:"id"`
	Secret       string `json:"secret"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func (c credentials) pair() (id string, proof secret.String, ok bool) {
	id, text := c.ID, c.Secret
	if id == "" && text == "" {
		id, text = c.ClientID, c.ClientSecret
	}
	proof = secret.New(text)
	return id, proof, id != "" && secret.Check(proof) == nil
}

// readCredentials reads the file that API Connect's own command line downloads. The one of the later releases holds a
// client for each tool; a consumer's is the consumer toolkit's.
func readCredentials(path string, r realm, ports provider.Ports) (id string, proof secret.String, err error) {
	data, err := ports.ReadFile(path)
	if err != nil {
		return "", proof, err
	}
	tool := "toolkit"
	if r.consumer() {
		tool = "consumer_toolkit"
	}
	var tools map[string]json.RawMessage
	_ = json.Unmarshal(data, &tools) // what is no object has no tools and no pair either
	for _, text := range [][]byte{data, tools[tool]} {
		var one credentials
		if json.Unmarshal(text, &one) != nil {
			continue
		}
		if id, proof, ok := one.pair(); ok {
			return id, proof, nil
		}
	}
	return "", proof, fault.New(fault.Config, "config.credentials_file", "credentials_file is not a JSON object with id and secret").
		Hint("download credentials.json again: in the Cloud Manager or API Manager, help, install the toolkit")
}

// isTornUUID tells a UUID that lost digits on its way through somebody's clipboard from an id that is none.
func isTornUUID(id string) bool {
	groups := strings.Split(id, "-")
	want := []int{8, 4, 4, 4, 12}
	if len(groups) != len(want) {
		return false
	}
	whole, digits := true, 0
	for i, group := range groups {
		if strings.Trim(group, "0123456789abcdefABCDEF") != "" {
			return false
		}
		whole = whole && len(group) == want[i]
		digits += len(group)
	}
	return !whole && digits >= 24 && digits <= 40
}

// likelyID is the public client whose id has all of id's characters in their order, and some more.
func likelyID(id string) string {
	for _, public := range []string{publicID, "599b7aef-8841-4ee2-88a0-84d49c4d6ff2", "819a8de7-7204-4adb-918f-391ba39d29d0"} {
		rest := strings.ToLower(id)
		for i := range len(public) {
			if rest != "" && rest[0] == public[i] {
				rest = rest[1:]
			}
		}
		if rest == "" {
			return public
		}
	}
	return ""
}

package apiconnect

import (
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
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

// readCredentials reads the file that API Connect's own command line downloads. The one of the later releases holds a
// client for each tool; a consumer's is the consumer toolkit's.
func readCredentials(path string, r realm, ports provider.Ports) (id string, proof secret.String, err error) {
	data, err := ports.ReadFile(path)
	if err != nil {
		return "", proof, fault.From(err).Doing("credentials_file")
	}
	tool := "toolkit"
	if r.consumer() {
		tool = "consumer_toolkit"
	}
	file, err := grant.ParseDocument(data)
	if err == nil {
		if id, proof, ok := pair(file); ok {
			return id, proof, nil
		}
		one, _ := grant.ParseDocument(file[tool]) // what is no object has no pair either
		if id, proof, ok := pair(one); ok {
			return id, proof, nil
		}
	}
	return "", proof, fault.New(fault.Config, "config.credentials_file", "credentials_file is not a JSON object with id and secret").
		Hint("download credentials.json again: in the Cloud Manager or API Manager, help, install the toolkit")
}

// pair is a client as the product writes it: its two releases name the members differently.
func pair(client grant.Members) (id string, proof secret.String, ok bool) {
	text := func(name string) string {
		value, _, _ := client.Text(name) // what is no string is not said
		return value
	}
	id, proof = text("id"), secret.New(text("secret"))
	if id == "" && proof.IsZero() {
		id, proof = text("client_id"), secret.New(text("client_secret"))
	}
	return id, proof, id != "" && secret.Check(proof) == nil
}

// isTornUUID tells a UUID that lost digits on its way through somebody's clipboard from an id that is none.
func isTornUUID(id string) bool {
	groups := strings.Split(id, "-")
	want := []int{8, 4, 4, 4, 12}
	if len(groups) != len(want) && len(groups) != len(want)-1 {
		return false
	}
	wrong, digits := 0, 0
	for i, group := range groups {
		if strings.Trim(group, "0123456789abcdefABCDEF") != "" {
			return false
		}
		if len(group) != want[i] {
			wrong++
		}
		digits += len(group)
	}
	if len(groups) < len(want) { // the last group was lost
		return wrong == 0
	}
	return wrong > 0 && digits >= 24 && digits <= 40
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

// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// document is telmate.json: blocks in the shape of `terraform providers schema -json`, with the
// allowed values of an attribute beside its type.
type document struct {
	Provider  block            `json:"provider"`
	Resources map[string]block `json:"resources"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"blocks"`
}

type attribute struct {
	Type      json.RawMessage `json:"type"`
	Required  bool            `json:"required"`
	Optional  bool            `json:"optional"`
	Computed  bool            `json:"computed"`
	Sensitive bool            `json:"sensitive"`
	Values    []string        `json:"values"`
}

type nested struct {
	block
	Nesting  string `json:"nesting"`
	MaxItems int64  `json:"max_items"`
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"list": tfprotov5.SchemaNestedBlockNestingModeList,
	"set":  tfprotov5.SchemaNestedBlockNestingModeSet,
}

// schema returns what Terraform is told of a block; names are sorted.
func (b block) schema() (*tfprotov5.SchemaBlock, error) {
	made := &tfprotov5.SchemaBlock{}
	for _, name := range sortedKeys(b.Attributes) {
		given := b.Attributes[name]
		kind, err := tftypes.ParseJSONType(given.Type) //nolint:staticcheck // the only reader of types
		if err != nil {
			return nil, fmt.Errorf("%s has no type: %w", name, err)
		}
		made.Attributes = append(made.Attributes, &tfprotov5.SchemaAttribute{
			Name:      name,
			Type:      kind,
			Required:  given.Required,
			Optional:  given.Optional,
			Computed:  given.Computed,
			Sensitive: given.Sensitive,
		})
	}
	for _, name := range sortedKeys(b.Blocks) {
		given := b.Blocks[name]
		below, err := given.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		nesting, known := nestings[given.Nesting]
		if !known {
			return nil, fmt.Errorf("%s has the nesting %q, which is neither list nor set", name, given.Nesting)
		}
		made.BlockTypes = append(made.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name,
			Block:    below,
			Nesting:  nesting,
			MaxItems: given.MaxItems,
		})
	}
	return made, nil
}

// attributeAt returns the attribute that a path of a value leads to; positions in lists and sets
// are passed over.
func (b block) attributeAt(path *tftypes.AttributePath) (attribute, bool) {
	current := b
	for _, step := range path.Steps() {
		name, named := step.(tftypes.AttributeName)
		if !named {
			continue
		}
		if found, ok := current.Attributes[string(name)]; ok {
			return found, true
		}
		below, ok := current.Blocks[string(name)]
		if !ok {
			return attribute{}, false
		}
		current = below.block
	}
	return attribute{}, false
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// server answers what Terraform asks to validate and to plan; whatever else it asks is refused.
type server struct {
	refusals
	provider  *tfprotov5.Schema
	resources map[string]*tfprotov5.Schema
	blocks    map[string]block
}

func newServer(text []byte) (*server, error) {
	var read document
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("the schema cannot be read: %w", err)
	}
	provider, err := read.Provider.schema()
	if err != nil {
		return nil, err
	}
	made := &server{
		provider:  &tfprotov5.Schema{Block: provider},
		resources: map[string]*tfprotov5.Schema{},
		blocks:    read.Resources,
	}
	for name, resource := range read.Resources {
		known, err := resource.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.resources[name] = &tfprotov5.Schema{Block: known}
	}
	return made, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{
		Provider:           s.provider,
		ResourceSchemas:    s.resources,
		ServerCapabilities: &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true},
	}, nil
}

func (s *server) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s *server) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

// ValidateResourceTypeConfig refuses values that are not among those an attribute takes.
func (s *server) ValidateResourceTypeConfig(_ context.Context, request *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	response := &tfprotov5.ValidateResourceTypeConfigResponse{}
	value, err := request.Config.Unmarshal(s.resources[request.TypeName].ValueType())
	if err != nil {
		return nil, err
	}
	known := s.blocks[request.TypeName]
	return response, tftypes.Walk(value, func(path *tftypes.AttributePath, found tftypes.Value) (bool, error) {
		attribute, ok := known.attributeAt(path)
		if !ok || len(attribute.Values) == 0 || found.IsNull() || !found.IsKnown() || !found.Type().Is(tftypes.String) {
			return true, nil
		}
		var text string
		if err := found.As(&text); err != nil {
			return false, err
		}
		if !slices.Contains(attribute.Values, text) {
			response.Diagnostics = append(response.Diagnostics, refused(path, fmt.Sprintf(
				"%q is none of %s.", text, strings.Join(attribute.Values, ", "))))
		}
		return true, nil
	})
}

// PlanResourceChange plans what was proposed; what only the provider can know stays unknown.
func (s *server) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	kind := s.resources[request.TypeName].ValueType()
	proposed, err := request.ProposedNewState.Unmarshal(kind)
	if err != nil || proposed.IsNull() {
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: request.ProposedNewState}, err
	}
	known := s.blocks[request.TypeName]
	planned, err := tftypes.Transform(proposed, func(path *tftypes.AttributePath, found tftypes.Value) (tftypes.Value, error) {
		attribute, ok := known.attributeAt(path)
		if ok && attribute.Computed && found.IsNull() {
			return tftypes.NewValue(found.Type(), tftypes.UnknownValue), nil
		}
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(kind, planned)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &state}, err
}

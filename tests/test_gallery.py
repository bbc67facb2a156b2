"""The charts behind the first explorables show what they say."""

import numpy as np
import pytest
from activations import catalogue, gallery, values
from activations.properties import fact_sheet

PARAMETRISED = [name for name in catalogue.names("one") if catalogue.get(name).parameters]


@pytest.mark.parametrize("scale", [0.5, 2])
@pytest.mark.parametrize("shift", [-2, 0, 3])
@pytest.mark.parametrize("point", [-4.5, 0, 5])
def test_the_tangent_touches(scale, shift, point):
    chart = gallery.sigmoid_microscope(scale, shift, point)
    _, _, curve, tangent, dot = chart.marks
    h = 1e-5
    near = values.sigmoid(scale * (point + h * np.array([-1, 0, 1]) - shift))
    slope = (near[2] - near[0]) / (2 * h)
    assert dot.y[0] == pytest.approx(near[1])
    assert (tangent.y[1] - tangent.y[0]) / 12 == pytest.approx(slope, rel=1e-5, abs=1e-9)
    assert np.interp(point, tangent.x, tangent.y) == pytest.approx(dot.y[0], abs=1e-12)
    assert np.interp(point, curve.x, curve.y) == pytest.approx(dot.y[0], abs=1e-9)


@pytest.mark.parametrize("name", ["tanh", "relu", "selu", "gelu", "sine", "elu"])
def test_the_gains_are_those_of_the_fact_sheet(name):
    sheet = fact_sheet(name)
    forward, backward = (float(sheet[key].value) for key in ("forward_gain", "backward_gain"))
    assert f"gains {forward:.3g} forward, {backward:.3g} backward" in gallery.activation_explorer(name, 1).words


@pytest.mark.parametrize("name", PARAMETRISED)
def test_the_factor_multiplies_the_default(name):
    first = catalogue.get(name).parameters[0]
    chart = gallery.activation_explorer(name, 2)
    *_, f, slope = chart.marks
    settings = {p.name: 2 * float(p.default) for p in catalogue.get(name).parameters}
    assert np.array_equal(f.y, getattr(values, name)(f.x, **settings))
    assert f"{first.name} = ".replace("-", "−") in chart.words
    assert slope.dash == "dashed"


def test_a_function_without_a_parameter_says_so():
    assert "which has no parameter" in gallery.activation_explorer("relu", 4).words


def test_only_sides_that_flatten_are_shaded():
    left, right, *_ = gallery.activation_explorer("relu", 1).marks
    assert not left.empty and right.empty
    left, right, *_ = gallery.activation_explorer("sine", 1).marks
    assert left.empty and right.empty

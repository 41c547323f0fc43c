#include <cmath>

#include "reference.h"

namespace nodegrad::reference {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

using Numbers = std::vector<double>;

// The sizes of a recurrent op and its products.
struct Recurrence {
  Recurrence(const Call& call, int64_t gates)
      : n(call.inputs[0].shape()[0]),
        steps(call.inputs[0].shape()[1]),
        units(call.inputs[0].shape()[2] / gates),
        gates(gates),
        backwards(call.attrs.boolean("goBackwards")),
        zeroOutput(call.attrs.boolean("zeroOutput")),
        stepMask(call.attrs.boolean("stepMask") ? &call.inputs.back() : nullptr),
        inputs(call.inputs.size() - (stepMask ? 1 : 0) - (call.attrs.boolean("masked") ? 1 : 0)),
        mask(call.attrs.boolean("masked") ? &call.inputs[inputs] : nullptr) {}

  int64_t place(int64_t k) const { return backwards ? steps - 1 - k : k; }
  // Of a number in [n, steps, size].
  size_t at(int64_t sample, int64_t place, int64_t size, int64_t i) const {
    return static_cast<size_t>((sample * steps + place) * size + i);
  }

  // Whether a sample changes its states at step k.
  bool counts(int64_t sample, int64_t k) const {
    return !stepMask || stepMask->data[at(sample, place(k), 1, 0)] != 0;
  }
  // Whether its output there is h, else zeros.
  bool gives(int64_t sample, int64_t k) const {
    for (int64_t j = zeroOutput ? k : 0; j <= k; ++j)
      if (counts(sample, j)) return true;
    return false;
  }

  // What gate g sees unit j of a sample's state times of.
  double seen(int64_t sample, int64_t g, int64_t j) const {
    return mask ? mask->data[static_cast<size_t>((sample * gates + g) * units + j)] : 1;
  }
  // state · kernel [units, gates · units], by the mask of the sample.
  Numbers product(const Numbers& state, const Array& kernel, int64_t sample) const {
    Numbers result(static_cast<size_t>(gates * units));
    for (int64_t i = 0; i < units; ++i)
      for (int64_t g = 0; g < gates; ++g)
        for (int64_t j = g * units; j < (g + 1) * units; ++j)
          result[static_cast<size_t>(j)] += state[static_cast<size_t>(i)] * seen(sample, g, i) *
                                            kernel.data[static_cast<size_t>(i * gates * units + j)];
    return result;
  }
  // And back.
  Numbers back(const Numbers& dz, const Array& kernel, int64_t sample) const {
    Numbers result(static_cast<size_t>(units));
    for (int64_t i = 0; i < units; ++i)
      for (int64_t g = 0; g < gates; ++g)
        for (int64_t j = g * units; j < (g + 1) * units; ++j)
          result[static_cast<size_t>(i)] += dz[static_cast<size_t>(j)] * seen(sample, g, i) *
                                            kernel.data[static_cast<size_t>(i * gates * units + j)];
    return result;
  }

  int64_t n, steps, units, gates;
  bool backwards, zeroOutput;
  const Array* stepMask;
  size_t inputs;  // without the masks
  const Array* mask;
};

// Row `sample` of [n, units], zeros without a tensor.
Numbers rowOf(const Array* array, int64_t sample, int64_t units) {
  Numbers row(static_cast<size_t>(units));
  for (size_t i = 0; array && i < row.size(); ++i)
    row[i] = array->data[static_cast<size_t>(sample * units) + i];
  return row;
}

void putRow(const Numbers& row, Array& array, int64_t sample) {
  std::copy(row.begin(), row.end(), array.data.begin() + sample * static_cast<int64_t>(row.size()));
}

void lstm(const Call& call) {
  const Recurrence recurrence(call, 4);
  const int64_t u = recurrence.units;
  const bool sequences = call.attrs.boolean("returnSequences"), state = recurrence.inputs > 2;
  Array* out = call.outputs.data() + (sequences ? 1 : 0);
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers h = rowOf(state ? &call.inputs[2] : nullptr, s, u);
    Numbers c = rowOf(state ? &call.inputs[3] : nullptr, s, u);
    for (int64_t k = 0; k < recurrence.steps; ++k) {
      const int64_t place = recurrence.place(k);
      const Numbers z = recurrence.product(h, call.inputs[1], s);
      const bool counts = recurrence.counts(s, k), gives = recurrence.gives(s, k);
      for (int64_t j = 0; j < u; ++j) {
        const auto unit = static_cast<size_t>(j);
        double gate[4] = {0, 1, 0, 0};
        for (int64_t g = 0; g < 4 && counts; ++g) {
          const size_t i = recurrence.at(s, place, 4 * u, g * u + j);
          const double sum = call.inputs[0].data[i] + z[static_cast<size_t>(g * u + j)];
          gate[g] = out[2].data[i] = g == 2 ? std::tanh(sum) : sigmoid(sum);
        }
        out[4].data[recurrence.at(s, place, u, j)] = h[unit];
        c[unit] = gate[1] * c[unit] + gate[0] * gate[2];
        if (counts) h[unit] = gate[3] * std::tanh(c[unit]);
        out[3].data[recurrence.at(s, place, u, j)] = c[unit];
        if (sequences) call.outputs[0].data[recurrence.at(s, k, u, j)] = gives ? h[unit] : 0;
      }
    }
    putRow(h, out[0], s);
    putRow(c, out[1], s);
  }
}

void lstmBackward(const Call& call) {
  const Recurrence recurrence(call, 4);
  const int64_t u = recurrence.units;
  const bool sequences = call.attrs.boolean("returnSequences");
  const size_t firstC = sequences ? 6 : 5;
  const auto& in = call.inputs;
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers dh = rowOf(&in[3], s, u), dc = rowOf(&in[4], s, u);
    const Numbers start = rowOf(recurrence.inputs > firstC ? &in[firstC] : nullptr, s, u);
    for (int64_t k = recurrence.steps - 1; k >= 0; --k) {
      const int64_t place = recurrence.place(k);
      const bool counts = recurrence.counts(s, k);
      Numbers dz(static_cast<size_t>(4 * u));
      for (int64_t j = 0; j < u; ++j) {
        const auto unit = static_cast<size_t>(j);
        const auto gate = [&](int64_t g) { return in[0].data[recurrence.at(s, place, 4 * u, g * u + j)]; };
        const double i = gate(0), f = gate(1), g = gate(2), o = gate(3);
        const double t = std::tanh(in[1].data[recurrence.at(s, place, u, j)]);
        const double before =
            k > 0 ? in[1].data[recurrence.at(s, recurrence.place(k - 1), u, j)] : start[unit];
        if (sequences && recurrence.gives(s, k)) dh[unit] += in[5].data[recurrence.at(s, k, u, j)];
        if (!counts) continue;
        dc[unit] += dh[unit] * o * (1 - t * t);
        const double d[] = {dc[unit] * g * i * (1 - i), dc[unit] * before * f * (1 - f),
                            dc[unit] * i * (1 - g * g), dh[unit] * t * o * (1 - o)};
        for (int64_t of = 0; of < 4; ++of)
          dz[static_cast<size_t>(of * u + j)] =
              call.outputs[0].data[recurrence.at(s, place, 4 * u, of * u + j)] = d[of];
        dc[unit] *= f;
      }
      if (counts) dh = recurrence.back(dz, in[2], s);
    }
    putRow(dh, call.outputs[1], s);
    putRow(dc, call.outputs[2], s);
  }
}

void gru(const Call& call) {
  const Recurrence recurrence(call, 3);
  const int64_t u = recurrence.units;
  const bool sequences = call.attrs.boolean("returnSequences"), after = call.attrs.boolean("resetAfter");
  const size_t state = after ? 3 : 2;
  Array* out = call.outputs.data() + (sequences ? 1 : 0);
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers h = rowOf(recurrence.inputs > state ? &call.inputs[state] : nullptr, s, u);
    for (int64_t k = 0; k < recurrence.steps; ++k) {
      const int64_t place = recurrence.place(k);
      const bool gives = recurrence.gives(s, k);
      if (!recurrence.counts(s, k)) {
        for (int64_t j = 0; j < u; ++j) {
          const double state = out[3].data[recurrence.at(s, place, u, j)] = h[static_cast<size_t>(j)];
          if (sequences) call.outputs[0].data[recurrence.at(s, k, u, j)] = gives ? state : 0;
        }
        continue;
      }
      const auto x = [&](int64_t i) { return call.inputs[0].data[recurrence.at(s, place, 3 * u, i)]; };
      Numbers p = recurrence.product(h, call.inputs[1], s);
      if (after)
        for (size_t i = 0; i < p.size(); ++i) p[i] += call.inputs[2].data[i];
      Numbers z(h.size()), r(h.size()), reset(h.size());
      for (int64_t j = 0; j < u; ++j) {
        const auto unit = static_cast<size_t>(j);
        z[unit] = sigmoid(x(j) + p[unit]);
        r[unit] = sigmoid(x(u + j) + p[static_cast<size_t>(u + j)]);
        reset[unit] = r[unit] * h[unit];
      }
      const Numbers late = recurrence.product(reset, call.inputs[1], s);
      for (int64_t j = 0; j < u; ++j) {
        const auto unit = static_cast<size_t>(j), third = static_cast<size_t>(2 * u + j);
        const double g = std::tanh(x(2 * u + j) + (after ? r[unit] * p[third] : late[third]));
        out[1].data[recurrence.at(s, place, 3 * u, j)] = z[unit];
        out[1].data[recurrence.at(s, place, 3 * u, u + j)] = r[unit];
        out[1].data[recurrence.at(s, place, 3 * u, 2 * u + j)] = g;
        out[2].data[recurrence.at(s, place, u, j)] =
            after ? p[third] : reset[unit] * recurrence.seen(s, 2, j);
        out[3].data[recurrence.at(s, place, u, j)] = h[unit];
        h[unit] = z[unit] * h[unit] + (1 - z[unit]) * g;
        if (sequences) call.outputs[0].data[recurrence.at(s, k, u, j)] = h[unit];
      }
    }
    putRow(h, out[0], s);
  }
}

void gruBackward(const Call& call) {
  const Recurrence recurrence(call, 3);
  const int64_t u = recurrence.units;
  const bool sequences = call.attrs.boolean("returnSequences"), after = call.attrs.boolean("resetAfter");
  const auto& in = call.inputs;
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers dh = rowOf(&in[3], s, u);
    for (int64_t k = recurrence.steps - 1; k >= 0; --k) {
      const int64_t place = recurrence.place(k);
      const auto gate = [&](int64_t g, size_t j) {
        return in[0].data[recurrence.at(s, place, 3 * u, g * u + static_cast<int64_t>(j))];
      };
      const auto at = [&](size_t input, int64_t where, size_t j) {
        return in[input].data[recurrence.at(s, where, u, static_cast<int64_t>(j))];
      };
      const size_t n = dh.size();
      Numbers dz(n), dg(n), dr(n), candidate(3 * n), gates(3 * n), before(n);
      for (size_t j = 0; j < n; ++j) {
        if (sequences && recurrence.gives(s, k)) dh[j] += at(after ? 5 : 4, k, j);
        const double z = gate(0, j), g = gate(2, j);
        dz[j] = dh[j] * (at(1, place, j) - g) * z * (1 - z);
        dg[j] = dh[j] * (1 - z) * (1 - g * g);
        before[j] = dh[j] * z;
        candidate[2 * n + j] = dg[j];
      }
      if (!recurrence.counts(s, k)) continue;
      // What reaches r · h through the candidate's product where the gate comes first.
      const Numbers dReset = recurrence.back(candidate, in[2], s);
      for (size_t j = 0; j < n; ++j) {
        const double r = gate(1, j);
        dr[j] = (after ? dg[j] * at(4, place, j) : dReset[j] * at(1, place, j)) * r * (1 - r);
        if (!after) before[j] += dReset[j] * r;
        const double dx[] = {dz[j], dr[j], dg[j]}, dProduct[] = {dz[j], dr[j], after ? dg[j] * r : 0};
        for (size_t of = 0; of < 3; ++of) {
          const size_t to = recurrence.at(s, place, 3 * u, static_cast<int64_t>(of * n + j));
          call.outputs[0].data[to] = dx[of];
          gates[of * n + j] = dProduct[of];
          if (after) call.outputs[1].data[to] = dProduct[of];
        }
      }
      dh = recurrence.back(gates, in[2], s);
      for (size_t j = 0; j < n; ++j) dh[j] += before[j];
    }
    putRow(dh, call.outputs.back(), s);
  }
}

void simpleRnn(const Call& call) {
  const Recurrence recurrence(call, 1);
  const bool sequences = call.attrs.boolean("returnSequences");
  Array* out = call.outputs.data() + (sequences ? 1 : 0);
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers h = rowOf(recurrence.inputs > 2 ? &call.inputs[2] : nullptr, s, recurrence.units);
    for (int64_t k = 0; k < recurrence.steps; ++k) {
      const Numbers p = recurrence.product(h, call.inputs[1], s);
      const bool counts = recurrence.counts(s, k), gives = recurrence.gives(s, k);
      for (size_t j = 0; j < h.size(); ++j) {
        const size_t at = recurrence.at(s, recurrence.place(k), recurrence.units, static_cast<int64_t>(j));
        out[2].data[at] = h[j];
        if (counts) h[j] = std::tanh(call.inputs[0].data[at] + p[j]);
        out[1].data[at] = h[j];
        if (sequences)
          call.outputs[0].data[recurrence.at(s, k, recurrence.units, static_cast<int64_t>(j))] =
              gives ? h[j] : 0;
      }
    }
    putRow(h, out[0], s);
  }
}

void simpleRnnBackward(const Call& call) {
  const Recurrence recurrence(call, 1);
  for (int64_t s = 0; s < recurrence.n; ++s) {
    Numbers dh = rowOf(&call.inputs[2], s, recurrence.units);
    for (int64_t k = recurrence.steps - 1; k >= 0; --k) {
      const bool counts = recurrence.counts(s, k);
      for (size_t j = 0; j < dh.size(); ++j) {
        const auto unit = static_cast<int64_t>(j);
        const size_t at = recurrence.at(s, recurrence.place(k), recurrence.units, unit);
        if (call.attrs.boolean("returnSequences") && recurrence.gives(s, k))
          dh[j] += call.inputs[3].data[recurrence.at(s, k, recurrence.units, unit)];
        if (!counts) continue;
        const double h = call.inputs[0].data[at];
        dh[j] = call.outputs[0].data[at] = dh[j] * (1 - h * h);
      }
      if (counts) dh = recurrence.back(dh, call.inputs[1], s);
    }
    putRow(dh, call.outputs[1], s);
  }
}

}  // namespace

void addRecurrent(Table& table) {
  table["lstm"] = lstm;
  table["lstmBackward"] = lstmBackward;
  table["gru"] = gru;
  table["gruBackward"] = gruBackward;
  table["simpleRnn"] = simpleRnn;
  table["simpleRnnBackward"] = simpleRnnBackward;
}

}  // namespace nodegrad::reference

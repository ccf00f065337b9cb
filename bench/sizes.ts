/** How large the scenarios are. Goals are for the full sizes. */
export interface Sizes {
  readonly sleep: number;
  readonly files: readonly number[];
  readonly runs: number;
  readonly stages: number;
  readonly layerBytes: number;
  readonly targets: number;
}

export const full: Sizes = {
  sleep: 2,
  files: [1000, 20_000],
  runs: 20,
  stages: 100,
  layerBytes: 500e6,
  targets: 50,
};

export const quick: Sizes = { sleep: 1, files: [200, 2000], runs: 5, stages: 15, layerBytes: 40e6, targets: 10 };

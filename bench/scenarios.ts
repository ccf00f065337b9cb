import type { MakeScenario, Scenario, ScenarioId } from './scenario.ts';
import { filesOfContext } from './scenarios/context.ts';
import { largeLayer } from './scenarios/large-layer.ts';
import { parallelStages } from './scenarios/parallel.ts';
import { runSteps } from './scenarios/run-steps.ts';
import { chainAndFan } from './scenarios/stages.ts';
import { workspace } from './scenarios/workspace.ts';
import { full, type Sizes } from './sizes.ts';

const makers: Readonly<Record<ScenarioId, MakeScenario>> = {
  S1: parallelStages,
  S2: filesOfContext,
  S3: runSteps,
  S4: chainAndFan,
  S5: largeLayer,
  S6: workspace,
};

export const scenarioIds = Object.keys(makers) as readonly ScenarioId[];

/** The scenarios of the given names in their order; goals are left out where the sizes are not the full ones. */
export function makeScenarios(ids: readonly ScenarioId[], sizes: Sizes): readonly Scenario[] {
  const scenarios = ids.flatMap((id) => makers[id](sizes));
  return sizes === full ? scenarios : scenarios.map(withoutGoals);
}

function withoutGoals(scenario: Scenario): Scenario {
  const steps = scenario.steps.map((step) => {
    const { goal, ...rest } = step;
    return goal === undefined ? step : rest;
  });
  return { ...scenario, steps };
}

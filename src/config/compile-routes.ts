/** The routes of a channel file: conditions compiled, systems and resource types looked up. */
import type { Route } from '../pipeline/route.ts';
import type { ChannelFile } from './channel.ts';
import type { System } from './configuration.ts';
import { type Draft, unknown } from './draft.ts';
import { compileAt } from './expression.ts';

type FileRoute = ChannelFile['route'][number];

/** The routes that are right; what is wrong with the others is added to the problems. */
export function compileRoutes(draft: Draft): Route[] {
  const { yaml, file, around, problems } = draft;
  const add = (i: number, rule: string, says: string) =>
    problems.push(yaml.problem(['route', i, 'to'], rule, says));
  const seen = new Set<string>();
  return file.route.flatMap((route, i): Route[] => {
    const when = route.when === undefined ? undefined : compileAt(draft, ['route', i, 'when'], 'bool');
    if (seen.has(route.to)) {
      add(i, 'second-route', `another route goes to "${route.to}" already: join their conditions with ||`);
    }
    seen.add(route.to);
    if (!around.systems.has(route.to)) {
      add(i, 'unknown-system', unknown('system', route.to, around.systems.keys()));
    }
    const system = around.systems.get(route.to);
    if (system === undefined) return [];
    if (system.takes === 'event' && !file.steps.some((step) => step.transform !== undefined)) {
      const says = `"${route.to}" takes canonical events: add a step such as "transform: v2-to-fhir"`;
      add(i, 'no-transform', says);
    }
    checkWrite(draft, route, system, i);
    return [{ when, to: route.to, takes: system.takes, write: route.write }];
  });
}

function checkWrite({ yaml, around, problems }: Draft, route: FileRoute, system: System, i: number): void {
  if (route.write === undefined) return;
  if (system.takes === 'hl7') {
    const says = `"${route.to}" takes HL7 messages, which hold no FHIR resources to choose from`;
    problems.push(yaml.problem(['route', i, 'write'], 'wrong-value', says));
    return;
  }
  for (const [j, type] of route.write.entries()) {
    if (around.resourceTypes.has(type)) continue;
    const says = unknown('FHIR resource type', type, around.resourceTypes);
    problems.push(yaml.problem(['route', i, 'write', j], 'unknown-resource', says));
  }
}

/** Values filed under groups, each by an id: what is in a group is found without looking at what is not. */
export interface Index<Value> {
  set(group: string, id: string, value: Value): void;
  delete(group: string, id: string): void;
  /** In the order they came. */
  values(group: string): readonly Value[];
  size(group: string): number;
}

export function createIndex<Value>(): Index<Value> {
  const groups = new Map<string, Map<string, Value>>();
  return {
    set: (group, id, value) => {
      const held = groups.get(group);
      if (held === undefined) groups.set(group, new Map([[id, value]]));
      else held.set(id, value);
    },
    delete: (group, id) => {
      const held = groups.get(group);
      held?.delete(id);
      if (held?.size === 0) groups.delete(group);
    },
    values: (group) => [...(groups.get(group)?.values() ?? [])],
    size: (group) => groups.get(group)?.size ?? 0,
  };
}

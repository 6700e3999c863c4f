/** Projects whose name has all the words that are typed. */
export function matching<Named extends { entity: string; project: string }>(projects: Named[], typed: string): Named[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return projects.filter(({ entity, project }) => {
    const name = `${entity}/${project}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}

// The people of the tests: one for each role, with names that are not made of ASCII alone.
export interface Person {
  username: string;
  name: string;
  password: string;
  role: "Administrator" | "Operator" | "Viewer";
}

export const administrator: Person = {
  username: "f.usman",
  name: "Farida Usman",
  password: "mangosteen-at-dawn-7",
  role: "Administrator",
};

/** Who approves what the first one asks for. */
export const second: Person = {
  username: "s.dimaporo",
  name: "Sittie Dimaporo",
  password: "rambutan-at-dusk-77",
  role: "Administrator",
};

export const operator: Person = {
  username: "c.reyes",
  name: "Conchita Reyes Peña",
  password: "durian-at-midnight-7",
  role: "Operator",
};

export const viewer: Person = {
  username: "a.mamao",
  name: "Abdulkadir Mamao",
  password: "lanzones-at-noon-77",
  role: "Viewer",
};
